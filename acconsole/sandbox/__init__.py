"""The embedded Mongo, PDS and media host, and the lifelike data in them."""
