"""What people do with goods: decisions as values, and the events that they become."""
