"""What a record is: a module a media type, the lexicons, the pictures.

Pure: docs and bytes in, records and bytes out.
"""
