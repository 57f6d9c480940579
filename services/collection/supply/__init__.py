"""Cuts of supply for arrears and their orders (停复电), as far as the books decide: what is settled is restored, or not cut."""
