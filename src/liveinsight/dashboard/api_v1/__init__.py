"""API v1: a table of questions, and what is made of it: addresses, documents, commands.

To add a question, write its two structs and the function between them in a file of
its own, and add a row to endpoints.py.
"""
