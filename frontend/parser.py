from .provisional_parser import parse, parse_cached, read_source  # noqa: F401
