"""Paper: what labels and receipts look like, and labels that are printed ahead."""
