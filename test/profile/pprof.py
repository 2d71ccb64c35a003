# SPDX-License-Identifier: MIT
"""Read pprof profiles, independently of the library: after the published schema alone
(google/pprof, proto/profile.proto) and the protocol buffers encoding guide."""
import gzip

# Message: field number -> (name, kind); kinds: int, packed (repeated ints), bytes (repeated
# strings), or the name of a message (repeated).
SCHEMA = {
    'Profile': {1: ('sample_type', 'ValueType'), 2: ('sample', 'Sample'), 3: ('mapping', 'Mapping'),
                4: ('location', 'Location'), 5: ('function', 'Function'),
                6: ('string_table', 'bytes'), 7: ('drop_frames', 'int'), 8: ('keep_frames', 'int'),
                9: ('time_nanos', 'int'), 10: ('duration_nanos', 'int'),
                11: ('period_type', 'ValueType'), 12: ('period', 'int'), 13: ('comment', 'packed'),
                14: ('default_sample_type', 'int')},
    'ValueType': {1: ('type', 'int'), 2: ('unit', 'int')},
    'Sample': {1: ('location_id', 'packed'), 2: ('value', 'packed'), 3: ('label', 'Label')},
    'Label': {1: ('key', 'int'), 2: ('str', 'int'), 3: ('num', 'int'), 4: ('num_unit', 'int')},
    'Mapping': {1: ('id', 'int'), 2: ('memory_start', 'int'), 3: ('memory_limit', 'int'),
                4: ('file_offset', 'int'), 5: ('filename', 'int'), 6: ('build_id', 'int'),
                7: ('has_functions', 'int'), 8: ('has_filenames', 'int'),
                9: ('has_line_numbers', 'int'), 10: ('has_inline_frames', 'int')},
    'Location': {1: ('id', 'int'), 2: ('mapping_id', 'int'), 3: ('address', 'int'),
                 4: ('line', 'Line'), 5: ('is_folded', 'int')},
    'Line': {1: ('function_id', 'int'), 2: ('line', 'int')},
    'Function': {1: ('id', 'int'), 2: ('name', 'int'), 3: ('system_name', 'int'),
                 4: ('filename', 'int'), 5: ('start_line', 'int')},
}


def varint(data, at):
    """A value and where the next byte is."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError('varint of more than 10 bytes')


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def varints(data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(signed(value))
    return values


def fields(data):
    """(number, wire type, value) of each field."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            value = signed(value)
        elif tag & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
            if at > len(data):
                raise ValueError('a field ends behind its message')
        else:
            raise ValueError(f'wire type {tag & 7} is not in the schema')
        yield tag >> 3, tag & 7, value


def decode(data, kind='Profile'):
    schema = SCHEMA[kind]
    message = {name: 0 if of == 'int' else [] for name, of in schema.values()}
    for number, wire, value in fields(data):
        if number not in schema:
            raise ValueError(f'{kind} has no field {number}')
        name, of = schema[number]
        if of == 'int':
            message[name] = value
        elif of == 'packed':
            message[name] += varints(value) if wire == 2 else [value]
        elif of == 'bytes':
            message[name].append(value.decode())
        else:
            message[name].append(decode(value, of))
    return message


def check(profile):
    """The rules that the schema's comments state."""
    strings = profile['string_table']
    assert strings[0] == '', 'the first string is empty'
    mappings = {it['id'] for it in profile['mapping']}
    functions = {it['id'] for it in profile['function']}
    locations = {it['id'] for it in profile['location']}
    assert len(mappings) == len(profile['mapping']) and 0 not in mappings, 'mapping ids'
    assert len(locations) == len(profile['location']) and 0 not in locations, 'location ids'
    assert len(functions) == len(profile['function']) and 0 not in functions, 'function ids'
    for it in profile['location']:
        assert it['mapping_id'] in mappings | {0}, 'a location of a mapping'
        assert all(line['function_id'] in functions for line in it['line']), 'a known function'
    for it in profile['sample']:
        assert len(it['value']) == len(profile['sample_type']), 'as many values as types'
        assert set(it['location_id']) <= locations, 'known locations'
    for it in profile['sample_type'] + profile['period_type']:
        assert strings[it['type']] and strings[it['unit']], 'types have names'
    return profile


def read(path):
    with gzip.open(path) as stream:
        return check(decode(stream.read()))


def types_of(profile):
    strings = profile['string_table']
    return [strings[it['type']] for it in profile['sample_type']]


def stacks(profile):
    """(list of addresses, innermost first, {sample type: value}) of each sample."""
    address = {it['id']: it['address'] for it in profile['location']}
    names = types_of(profile)
    for it in profile['sample']:
        yield [address[i] for i in it['location_id']], dict(zip(names, it['value']))


def file_offsets(profile):
    """Address -> (file, offset in it)."""
    strings = profile['string_table']
    mapping = {it['id']: it for it in profile['mapping']}
    for it in profile['location']:
        of = mapping.get(it['mapping_id'])
        if of:
            offset = it['address'] - of['memory_start'] + of['file_offset']
            yield it['address'], (strings[of['filename']], offset)
