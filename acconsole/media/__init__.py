"""What a record is: one module a media type, the lexicons, the pictures. Pure: docs and bytes in, records and bytes out."""
