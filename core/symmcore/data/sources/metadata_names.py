"""Files and folders that operating systems, storage and programs leave among a user's own."""

import re

# In lower case, since the systems they come from do not mind. None of these is a name that
# somebody would give a class.
_NAMES = frozenset(
    (
        # macOS
        "__macosx",
        "icon\r",
        "network trash folder",
        "temporary items",
        # Windows
        "$recycle.bin",
        "desktop.ini",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "system volume information",
        "thumbs.db",
        "thumbs.db:encryptable",
        # Linux
        "lost+found",
        # Synology, QNAP, NetApp
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "@sharebin",
        "@snapshot",
        "@tmp",
        "#recycle",
        "#snapshot",
        "~snapshot",
        # programs
        "__pycache__",
        "picasa.ini",
        "zbthumbnail.info",
    )
)
# These are hidden in any case; named, they are told from what the user has hidden.
_HIDDEN_NAMES = frozenset(
    (
        ".@__thumb",
        ".appledb",
        ".appledesktop",
        ".appledouble",
        ".cache",
        ".comments",
        ".directory",
        ".documentrevisions-v100",
        ".ds_store",
        ".dtrash",
        ".fseventsd",
        ".git",
        ".hg",
        ".huggingface",
        ".ipynb_checkpoints",
        ".localized",
        ".picasa.ini",
        ".picasaoriginals",
        ".snapshot",
        ".spotlight-v100",
        ".stfolder",
        ".stversions",
        ".svn",
        ".temporaryitems",
        ".thumbnails",
        ".trash",
        ".trashes",
        ".volumeicon.icns",
        ".xvpics",
        ".zfs",
    )
)
_PATTERN = re.compile(
    r"""\._.+            # macOS: what a file has besides its content, on other disks
    | \.trash-\d+        # Linux: a user's trash on another disk
    | \.nfs[0-9a-f]+     # NFS: removed while it was open
    | \.fuse_hidden.+    # FUSE: the same
    | .+@syno(eastream|resource)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_metadata(name: str) -> bool:
    """Whether a file or folder of this name belongs to a system or program, not to a dataset."""
    lower = name.lower()
    return lower in _NAMES or lower in _HIDDEN_NAMES or _PATTERN.fullmatch(name) is not None


def metadata_label(name: str) -> str:
    """What to call it in a list: "._*" for any of the files that macOS so names."""
    return "._*" if name.startswith("._") else name
