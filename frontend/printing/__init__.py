"""Values as Julia displays them."""
