"""Style sheets and scripts under names that change with their content, so that browsers may keep them for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class FingerprintedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # published without types
    """Names from what `collectstatic` wrote down; where it has not run (tests, development) the plain names."""

    manifest_strict = False
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        # Our scripts import one another under such names too; those of packages stay as they are.
        (
            "js/*.js",
            tuple((rf'(?P<matched>{word} "(?P<url>\./[^"]+)";)', f'{word} "%(url)s";') for word in ("from", "import")),
        ),
    )
    max_post_process_passes = 10  # one for each step of the longest chain of imports, and one more

    def stored_name(self, name: str) -> str:
        """Return the name with its fingerprint, or the name itself."""
        found: str = self.hashed_files.get(self.hash_key(self.clean_name(name)), name)
        return found
