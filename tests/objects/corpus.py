"""Keys that have broken clients: each was met in a report or here."""

LEGAL = [
    "plain", "a/b", "a-b", "a b", "a+b", "a%20b", "a%2Fb", "ümlaut", "e\u0301", "\u00e9", "emoji/😀", "\ue000",
    "\uffff", "\ufffd", "\ufffe", "dir/x", "x/...", "...", ".hidden", "line\nbreak", "cr\rhere", "tab\there", "bell\x07",
    "\x01", "del\x7f", "c1\x85", "quote\"'", "<&>", "?q=1#f", "*[]{}|^~`", "s" * 255, "seg/" + "t" * 255,
    "é" * 127, " lead", "trail ", "~", "a:b", "a=b&c", "%", "%zz", "$(x)", "u\u2028v", "rtl\u202e", "CON", "-", "@", "a,b;c",
    "deep/" + "d/" * 60 + "leaf", "replaced\ufffdkey", "replaced\x07key",
]  # fmt: skip
ODD = [
    "a//b", "/lead", "//lead2", "trail//", "/", ".", "..", "./x", "x/./y", "x/../y", "x/.", "x/..", "back\\slash", "c\\..\\d",
    " . /x", "s" * 256, "k" * 1024, "k" * 1025, "seg/" + "t" * 256, "bad\udcff", "folder/", "/in/front",
]  # fmt: skip
NUL = "nul\0"
