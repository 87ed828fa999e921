"""Reads Parquet files with pyarrow and with DuckDB, and compares every value with the records they were made from.

python parquet_check.py DIRECTORY: each case is NAME.parquet with NAME.ndjson and, if it had one, NAME.schema.json.
Prints `ok N cases`; exits with 1 at the first difference.
"""

import base64
import datetime
import decimal
import json
import pathlib
import re
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

decimal.getcontext().prec = 2000
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
UNITS = {"second": "s", "millisecond": "ms", "microsecond": "us", "nanosecond": "ns"}
EXTRA = "_extra"


class Difference(Exception):
    pass


def fail(path, text):
    raise Difference(f"{path or 'the file'}: {text}")


def clean(value):
    """What a reader can see of a JSON value: half a surrogate pair is U+FFFD."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return re.sub("[\ud800-\udfff]", "\ufffd", whole)
    if isinstance(value, list):
        return [clean(element) for element in value]
    if isinstance(value, dict):
        return {clean(name): clean(element) for name, element in value.items()}
    return value


def load(text):
    return clean(json.loads(text, parse_float=decimal.Decimal, parse_int=int))


def same_json(left, right):
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return left == right


def is_json(type_):
    return isinstance(type_, pa.BaseExtensionType) and type_.extension_name == "arrow.json"


def values(array):
    """The Python values of an Arrow array; times as nanoseconds since 1970."""
    type_ = array.type
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in values(chunk)]
    if isinstance(type_, pa.BaseExtensionType):
        return values(array.storage)
    valid = array.is_valid().to_pylist()
    if pa.types.is_timestamp(type_):
        factor = NANOSECONDS[type_.unit]
        return [None if value is None else value * factor for value in array.view(pa.int64()).to_pylist()]
    if pa.types.is_struct(type_):
        columns = [values(array.field(index)) for index in range(type_.num_fields)]
        names = [type_.field(index).name for index in range(type_.num_fields)]
        return [
            dict(zip(names, (column[row] for column in columns))) if valid[row] else None for row in range(len(array))
        ]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        offsets = array.offsets.to_pylist()
        # The offsets of a slice do not begin at 0, but `values` holds everything.
        elements = values(array.values)
        return [elements[offsets[row] : offsets[row + 1]] if valid[row] else None for row in range(len(array))]
    return array.to_pylist()


def nanoseconds(expected, unit):
    if not isinstance(expected, str):
        return int(expected) * NANOSECONDS[UNITS[unit]]
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", expected)
    date, hour, minute, second, fraction, offset = match.groups()
    days = datetime.date.fromisoformat(date).toordinal() - datetime.date(1970, 1, 1).toordinal()
    seconds = days * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    if offset not in "Zz":
        ahead = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
        seconds -= ahead if offset[0] == "+" else -ahead
    exact = seconds * 10**9 + int((fraction or "0").ljust(9, "0")[:9])
    step = NANOSECONDS[UNITS[unit]] if unit != "second" else 10**6
    return exact // step * step


def compare(type_, got, expected, path, declared, partial, by_duckdb):
    """Compares one value; `declared` is the field of the schema, `partial` allows members that have no column."""
    if got is None:
        if expected is not None:
            fail(path, f"null instead of {expected!r}")
    elif is_json(type_):
        if not same_json(load(got), expected):
            fail(path, f"{got!r} instead of the JSON of {expected!r}")
    elif pa.types.is_struct(type_):
        if not isinstance(expected, dict):
            fail(path, f"a struct instead of {expected!r}")
        fields = {field["name"]: field for field in (declared or {}).get("fields", [])}
        names = [type_.field(index).name for index in range(type_.num_fields)]
        for index, name in enumerate(names):
            value = list(got.values())[index]
            inner = f"{path}.{name}"
            compare(type_.field(index).type, value, expected.get(name), inner, fields.get(name), partial, by_duckdb)
        for name in expected.keys() - set(names):
            if not partial:
                fail(f"{path}.{name}", "is missing")
    elif pa.types.is_list(type_):
        if not isinstance(expected, list) or len(got) != len(expected):
            fail(path, f"a list of {len(got)} instead of {expected!r}")
        items = (declared or {}).get("items")
        for index, (left, right) in enumerate(zip(got, expected)):
            compare(type_.value_type, left, right, f"{path}[{index}]", items, partial, by_duckdb)
    else:
        compare_scalar(type_, got, expected, path, declared, by_duckdb)


def compare_scalar(type_, got, expected, path, declared, by_duckdb):
    if pa.types.is_boolean(type_):
        fits = got is expected
    elif pa.types.is_string(type_):
        fits = got == expected
    elif pa.types.is_binary(type_):
        text = expected.replace("-", "+").replace("_", "/").rstrip("=")
        fits = got == base64.b64decode(text + "=" * (-len(text) % 4))
    elif pa.types.is_timestamp(type_):
        exact = nanoseconds(expected, declared["unit"])
        # DuckDB has no nanoseconds with a time zone.
        fits = got == exact or (by_duckdb and got == exact // 1000 * 1000)
    elif pa.types.is_float32(type_):
        fits = got == struct.unpack("f", struct.pack("f", float(expected)))[0]
    elif pa.types.is_float64(type_):
        fits = not isinstance(expected, (bool, str)) and got == float(expected)
        if fits and isinstance(expected, int) and declared is None:
            fits = int(got) == expected
    elif pa.types.is_decimal(type_):
        fits = got == decimal.Decimal(expected)
    else:
        fits = not isinstance(expected, (bool, str)) and got == expected
    if not fits:
        fail(path, f"{got!r} instead of {expected!r} ({type_})")


def check_declared(type_, nullable, field, path, is_relaxed):
    """The type of a column is the one that the schema asks for."""
    name = field["type"]
    plain = {
        "bool": pa.bool_(), "int32": pa.int32(), "int64": pa.int64(), "uint32": pa.uint32(), "uint64": pa.uint64(),
        "float32": pa.float32(), "float64": pa.float64(), "string": pa.string(), "bytes": pa.binary(),
        "binary": pa.binary(),
    }
    if name == "list":
        fits = pa.types.is_list(type_)
        if fits:
            items = type_.value_field
            check_declared(items.type, items.nullable, field["items"], path + "[]", False)
    elif name == "struct":
        fits = pa.types.is_struct(type_) and type_.num_fields == len(field["fields"])
        if fits:
            for index, inner in enumerate(field["fields"]):
                found = type_.field(index)
                check_declared(found.type, found.nullable, inner, f"{path}.{inner['name']}", False)
    elif name == "json":
        fits = is_json(type_)
    elif name == "timestamp":
        unit = UNITS[field.get("unit", "millisecond")]
        fits = type_ == pa.timestamp("ms" if unit == "s" else unit, tz="UTC")
    elif name == "decimal128":
        fits = type_ == pa.decimal128(field["precision"], field.get("scale", 0))
    else:
        fits = type_ == plain[name]
    if not fits:
        fail(path, f"{type_} instead of {name}")
    if nullable == field.get("required", False) and not is_relaxed:
        fail(path, f"nullable is {nullable}")


def check_rows(table, arrow, expected, fields, by_duckdb):
    if table.num_rows != len(expected):
        fail("", f"{table.num_rows} rows instead of {len(expected)}")
    last = arrow.field(len(arrow) - 1)
    has_extra = last.name.startswith(EXTRA) and last.name not in fields and is_json(last.type)
    if has_extra and not fields:
        has_extra = not any(last.name in record for record in expected)
    columns = [values(table.column(index)) for index in range(len(arrow.names))]
    for row, record in enumerate(expected):
        extra = {}
        if has_extra and columns[-1][row] is not None:
            extra = load(columns[-1][row])
        for name, value in extra.items():
            if name not in record or not same_json(value, record[name]):
                fail(f"row {row}.{name}", f"{value!r} in the extra column")
        names = arrow.names[:-1] if has_extra else arrow.names
        for index, name in enumerate(names):
            got, path = columns[index][row], f"row {row}.{name}"
            if got is None and name in extra:
                continue
            compare(arrow.field(index).type, got, record.get(name), path, fields.get(name), name in extra, by_duckdb)
        for name in record.keys() - set(names) - extra.keys():
            fail(f"row {row}.{name}", "is missing")


def check_statistics(file, table):
    """Nulls are counted right, and no value lies outside of its bounds."""
    start = 0
    for group in range(file.num_row_groups):
        metadata = file.metadata.row_group(group)
        rows = table.slice(start, metadata.num_rows)
        start += metadata.num_rows
        for index in range(metadata.num_columns):
            column = metadata.column(index)
            name = column.path_in_schema
            statistics = column.statistics
            if statistics is None or not statistics.has_null_count:
                fail(name, "has no statistics")
            position = [at for at, field in enumerate(file.schema_arrow) if field.name == name]
            if len(position) != 1 or pa.types.is_nested(file.schema_arrow.field(position[0]).type):
                continue
            array = rows.column(position[0])
            if statistics.null_count != array.null_count:
                fail(name, f"null_count {statistics.null_count} instead of {array.null_count}")
            if statistics.has_min_max and not pa.types.is_timestamp(array.type):
                present = [value for value in values(array) if value is not None]
                low, high = statistics.min, statistics.max
                if isinstance(low, str):
                    present = [value.encode() for value in present]
                    low, high = low.encode(), high.encode()
                if min(present) < low or max(present) > high:
                    fail(name, f"bounds {low!r} and {high!r} do not hold {min(present)!r} and {max(present)!r}")
                if not isinstance(low, bytes) and (min(present) != low or max(present) != high):
                    fail(name, f"bounds {low!r} and {high!r} are not those of {min(present)!r} and {max(present)!r}")


def check_filters(path, table):
    """DuckDB skips row groups by their bounds; it must still find what is there."""
    for index, field in enumerate(table.schema):
        if not (pa.types.is_integer(field.type) or pa.types.is_string(field.type) or pa.types.is_floating(field.type)):
            continue
        present = [value for value in table.column(index).to_pylist() if value is not None]
        if not present:
            continue
        names = duckdb.sql(f"SELECT * FROM read_parquet('{path}') LIMIT 0").columns
        quoted = '"' + names[index].replace('"', '""') + '"'
        for wanted in (present[0], present[-1], min(present), max(present)):
            query = f"SELECT count(*) FROM read_parquet('{path}') WHERE {quoted} = ?"
            found = duckdb.execute(query, [wanted]).fetchall()[0][0]
            if found != present.count(wanted):
                fail(field.name, f"DuckDB finds {wanted!r} {found} times instead of {present.count(wanted)}")


def check(path):
    expected = [load(line) for line in path.with_suffix(".ndjson").read_text().split("\n") if line]
    schema_file = path.with_suffix(".schema.json")
    schema = json.loads(schema_file.read_text()) if schema_file.exists() else []
    schema = schema["fields"] if isinstance(schema, dict) else schema
    fields = {field["name"]: field for field in schema}

    file = pq.ParquetFile(path, arrow_extensions_enabled=True)
    table = file.read()
    table.validate(full=True)
    arrow = file.schema_arrow
    for index, field in enumerate(schema):
        found = arrow.field(index)
        if found.name != field["name"]:
            fail(found.name, f"stands where {field['name']} was declared")
        check_declared(found.type, found.nullable, field, field["name"], len(arrow) > len(schema))
    check_rows(table, arrow, expected, fields, False)
    check_statistics(file, table)
    by_duckdb = duckdb.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()
    check_rows(by_duckdb, arrow, expected, fields, True)
    check_filters(path, table)


def main():
    duckdb.execute("SET TimeZone = 'UTC'")
    cases = sorted(pathlib.Path(sys.argv[1]).glob("*.parquet"))
    for path in cases:
        try:
            check(path)
        except Exception as error:
            print(f"{path.stem}: {type(error).__name__}: {error}")
            sys.exit(1)
    print(f"ok {len(cases)} cases")


main()
