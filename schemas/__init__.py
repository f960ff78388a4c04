"""What travels on the bus: envelope, event bodies, receipts, flags, topics."""
