"""The desktop app: a client of the service that shows what it decodes and computes nothing.

`state/` is what is known, without Qt; `widgets/` draw arrays and know nothing else;
`views/` are the window's pages, and put the two together.
"""
