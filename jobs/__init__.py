"""What runs in the background? The durable job row, its runner and wake-up, notifications, stored files."""
