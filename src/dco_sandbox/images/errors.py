"""What can be wrong with an image: it is not there, or its Dockerfile asks for too much."""


class ImageNotFoundError(LookupError):
    """No image for this reference in ECR, or ECR knows it but its files were never pushed to this world."""


class BuildError(RuntimeError):
    """The image can't be built; the message names file and line, what is wrong and what to write instead."""
