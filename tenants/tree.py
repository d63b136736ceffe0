"""The paths of the team tree: `3/14/15/` is team 15, inside 14, inside the root 3."""


def path_of(pk: int, parent_path: str) -> str:
    """Return the path of a team under a parent; the parent of a root has the empty path."""
    return f"{parent_path}{pk}/"


def is_within(path: str, ancestor: str) -> bool:
    """Return whether a team stands under another one, or is it."""
    return path.startswith(ancestor)


def ancestors(path: str) -> list[int]:
    """Return the ids from the root down to the team's parent."""
    return [int(part) for part in path.split("/")[:-2]]


def depth(path: str) -> int:
    """Return 0 for a root, 1 for its children, and so on."""
    return path.count("/") - 1
