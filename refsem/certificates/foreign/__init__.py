"""Foreign certificates: read what others wrote, believe none of it.

One file a format family; `registry` knows them all.
"""
