"""Small files whose pattern repeats, so that what comes next in them is certain."""

from __future__ import annotations

READERS = "".join(
    f"def load_{name}(path):\n"
    '    with open(path, encoding="utf-8") as handle:\n'
    f"        return parse_{name}(handle.read())\n\n\n"
    for name in ("orders", "prices", "users", "stock", "offers", "taxes", "rates", "routes")
)
TOTALS = "".join(
    f"def {name}_total(order):\n    return sum(line.{name} for line in order.lines if line.is_open)\n\n\n"
    for name in ("price", "weight", "volume", "rebate", "surcharge", "duty")
)
GO = "package shop\n\n" + "".join(
    f"func {name}(path string) ([]byte, error) {{\n"
    "\tdata, err := os.ReadFile(path)\n"
    "\tif err != nil {\n"
    '\t\treturn nil, fmt.Errorf("reading %s: %w", path, err)\n'
    "\t}\n"
    "\treturn data, nil\n"
    "}\n\n"
    for name in ("Orders", "Prices", "Users", "Stock", "Offers", "Taxes")
)
NOTES = "".join(
    f'    announce("🎉 grüße, 世界 👩‍👩‍👧", order.{name}, settings.language)\n'
    for name in ("price", "weight", "volume", "rebate", "surcharge", "duty")
)

ROWS = "import csv\n\n\ndef rows(path):\n▮\n\n\ndef other():\n    pass\n"
"""A file that says little of what comes next: a model is needed, here one that answers ROWS_REPLY."""
ROWS_TYPED = "    with lz"
ROWS_REPLY = 'ma.open(path, "rt") as handle:\n        return list(csv.reader(handle, delimiter="$1"))\n'
