"""A shop: orders, carts, rates and receipts."""
