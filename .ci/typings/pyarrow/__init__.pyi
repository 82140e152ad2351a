# PyArrow ships no types, and the stubs others publish lag behind it: for the type checker its values are Any.
from typing import Any

def __getattr__(name: str) -> Any: ...
