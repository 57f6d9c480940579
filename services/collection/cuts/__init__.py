"""Cutting supply for arrears (欠费停电): proposed, approved, told with proof, and carried out at an hour that is allowed."""
