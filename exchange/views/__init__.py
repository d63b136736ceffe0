"""The pages of imports, by what they are for."""

from exchange.views.after import import_delete, import_stop, import_undo
from exchange.views.mappings import mapping_delete, mapping_rename, mapping_save, mappings
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
    "import_delete",
    "import_detail",
    "import_mapping",
    "import_new",
    "import_preview",
    "import_reading",
    "import_rejects",
    "import_run",
    "import_stop",
    "import_template",
    "import_undo",
    "imports",
    "mapping_delete",
    "mapping_rename",
    "mapping_save",
    "mappings",
]
