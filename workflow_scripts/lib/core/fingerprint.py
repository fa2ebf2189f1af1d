"""Which code a result was made with: a hash over every definition that a job can reach.

Comments, docstrings, layout and the wording of errors and progress do not count, and neither does any definition that
the job does not use, so that only a change of what is computed redoes a result. Files of data that a definition names
by a constant and that lie beside its module count as part of it.
"""

import ast
import hashlib
from functools import cache

from workflow_scripts.lib.core.code_graph import Definition, data_files, reached, statements


@cache
def code_hash(*roots: str) -> str:
    """Hash (16 hex digits) of modules, or of single definitions `module:name`, with all that they need of this project.

    What is chosen by a computed name (`registry`) is not seen: name it here beside the module that chooses.
    """
    return hash_of(*(f"{module} {name} {_digest((module, name))}" for module, name in sorted(reached(*roots))))


def hash_of(*parts: str) -> str:
    """Hash (16 hex digits) of texts, order included."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@cache
def _digest(definition: Definition) -> str:
    """Hash of one definition without what it names."""
    files = [hashlib.sha256(file.read_bytes()).hexdigest() for file in data_files(definition)]
    return hash_of(*(ast.dump(statement) for statement in statements(definition)), *files)
