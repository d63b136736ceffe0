"""The pages of imports, by what they are for."""

from exchange.views.steps import (
    import_detail,
    import_mapping,
    import_new,
    import_preview,
    import_reading,
    import_rejects,
    import_run,
    import_template,
    imports,
)

__all__ = [
    "import_detail",
    "import_mapping",
    "import_new",
    "import_preview",
    "import_reading",
    "import_rejects",
    "import_run",
    "import_template",
    "imports",
]
