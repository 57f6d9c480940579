"""Attacks on real servers, over sockets, each bounded in time."""
