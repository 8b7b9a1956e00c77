"""Questions to the warehouse: SQL, how far it is, where a row is from."""
