"""How much one uploaded file may hold."""

MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 32_767
MAX_FILE_BYTES = 40 * 1024 * 1024
MAX_LINE_CHARACTERS = 1_000_000

# A workbook is a zip archive: what it may unpack to, in all and against its packed size.
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_UNPACK_RATIO = 100
RATIO_COUNTS_FROM_BYTES = 16 * 1024 * 1024
MAX_ARCHIVE_PARTS = 10_000
MAX_MERGED_RANGES = 100_000

# A quoted field left open is given up after so many lines, and the file after so many of them.
MAX_LINES_IN_A_CELL = 500
MAX_OPEN_QUOTES = 100
