"""Plan, lock and bundle as text for people; every function returns what somebody else prints."""
