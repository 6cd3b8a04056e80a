"""Plan, lock and bundle as text for people; every function returns text and prints nothing."""
