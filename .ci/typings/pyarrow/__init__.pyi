# PyArrow ships no types, and published stubs lag behind it: to the type checker its values are Any.
from typing import Any

def __getattr__(name: str) -> Any: ...
