"""The negotiation itself: aggregates, events, guards, money, time, claims. Pure: no I/O, no clock."""
