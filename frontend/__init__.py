"""From text to typed IR: parsing, evaluation, dispatch, staging, display."""
