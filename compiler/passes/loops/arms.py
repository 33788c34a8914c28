"""Values of the arms of an `if`, handed out as further results of it."""

from ...ir import Builder, Operation, Value, dims_defined_in, names_of_dims


class Arms:
    """Results that are to be added to `if` operations: values of one arm, zeros in the other."""

    def __init__(self):
        self.results: dict[tuple[Operation, int, Value], Value] = {}

    def result(self, operation: Operation, arm: int, value: Value) -> Value | None:
        """The result to be for a value of an arm; None for one whose type has no meaning outside."""
        own = dims_defined_in(operation.regions[arm])
        if names_of_dims(value.type) & own:
            return None
        key = (operation, arm, value)
        if key not in self.results:
            self.results[key] = Value(value.type, operation)
        return self.results[key]

    def hand_out(self):
        """Adds the results to the operations, in place."""
        for (operation, arm, value), result in self.results.items():
            result.index = len(operation.results)
            operation.results.append(result)
            for index, region in enumerate(operation.regions):
                inner = Builder(region, operation.location)
                region.results.append(value if index == arm else inner.full(0, value))
