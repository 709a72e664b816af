"""Verifies a certificate without AutoLabel, as anyone may who receives one.

Needs rfc8785 and cryptography. Usage: python3 verify_certificate.py CERTIFICATE.json
"""
import base64
import json
import sys

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
signature = document["signature"]
key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"]))
key.verify(base64.b64decode(signature["value"]), rfc8785.dumps(document["certificate"]))
print("intact:", document["certificate"]["statement"])
