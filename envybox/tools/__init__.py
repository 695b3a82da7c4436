"""Tools for the developer's machine. The deployed function never imports them."""
