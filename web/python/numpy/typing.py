"""Types of arrays, for annotations."""


class NDArray:
    """An array, of whatever elements."""

    def __class_getitem__(cls, element):
        return cls
