# Turns a Rust source into what xgettext, which does not know Rust, reads without mistakes as C.
#
#   awk -v name=src/ui/status.rs -v out=DIR/src/ui/status.rs -f po/rust-to-c.awk src/ui/status.rs
#
# Code goes to OUT.c: lifetimes, character literals, block and doc comments and the unit tests are
# left out, raw strings and Rust's escapes become C's, and every line keeps its number. A string
# literal that holds GtkBuilder XML goes to OUT.N.ui besides. For a file without messages nothing is
# written. A message that no translator would get (one that is not a literal, XML in pieces) is an
# error: exit code 1. It works on bytes, so it is to be run with LC_ALL=C.

BEGIN {
    state = "code"
    hex_digits = "0123456789abcdef"
}

# The unit tests of a file come last in it, and their messages are nobody's to translate.
state == "code" && $0 == "mod tests {" { in_tests = 1 }
in_tests { next }

{
    rest = $0
    line = ""
    while (rest != "") {
        if (state == "code") code()
        else if (state == "comment") comment()
        else if (state == "string") string()
        else raw_string()
    }
    if (state == "string" || state == "raw") {
        if (!skipping) add("\n", "\\n")
        held = held "\n"
        c = c line
    } else {
        c = c line "\n"
    }
}

END {
    if (state != "code") complain(NR, "the file ends inside a " state)
    if (messages) printf "%s", c > (out ".c")
    exit failed
}

function complain(at, what) {
    printf "%s:%d: %s\n", name, at, what > "/dev/stderr"
    failed = 1
}

# Takes `count` bytes off the line and returns them.
function take(count,    taken) {
    taken = substr(rest, 1, count)
    rest = substr(rest, count + 1)
    return taken
}

function code(    word) {
    if (match(rest, /^[A-Za-z_][A-Za-z0-9_]*/)) {
        word = take(RLENGTH)
        if ((word == "r" || word == "br" || word == "cr") && match(rest, /^#*"/)) {
            hashes = substr(rest, 1, RLENGTH - 1)
            take(RLENGTH)
            begin("raw")
        } else {
            line = line word
            token(word)
        }
    } else if (match(rest, /^\/\/[\/!]/)) {
        rest = ""
    } else if (match(rest, /^\/\//)) {
        sub(/\\+$/, "", rest)
        line = line rest
        rest = ""
    } else if (match(rest, /^\/\*/)) {
        take(2)
        depth = 1
        state = "comment"
    } else if (match(rest, /^"/)) {
        take(1)
        begin("string")
    } else if (match(rest, /^'[^'\\]'/) || match(rest, /^'[\300-\367][\200-\277]+'/) ||
               match(rest, /^'\\u[{][^}]*[}]'/) || match(rest, /^'\\x[0-9A-Fa-f]+'/) ||
               match(rest, /^'\\.'/)) {
        take(RLENGTH)
        line = line "0"
        token("0")
    } else if (match(rest, /^[ \t]+/)) {
        line = line take(RLENGTH)
    } else {
        # To C, a lifetime would begin a character, '#' a directive and "??" a trigraph.
        word = take(1)
        if (index("'#?", word)) line = line " "
        else {
            line = line word
            token(word)
        }
    }
}

function comment() {
    if (match(rest, /^[^*\/]+/)) take(RLENGTH)
    else if (match(rest, /^\/\*/)) { depth++; take(2) }
    else if (match(rest, /^\*\//)) {
        take(2)
        if (--depth == 0) state = "code"
    } else take(1)
}

function begin(kind) {
    state = kind
    begun = NR
    text = ""
    held = ""
    line = line "\""
}

# Adds to the string at hand what it means and how C writes that.
function add(meaning, written) {
    text = text meaning
    line = line written
}

# `bytes` of a literal that C reads otherwise than Rust, or that end it.
function add_plain(bytes,    written) {
    written = bytes
    gsub(/\\/, "&&", written)
    gsub(/"/, "\\\"", written)
    gsub(/[?]/, "\\?", written)
    gsub(/\t/, "\\t", written)
    add(bytes, written)
}

function string(    escape) {
    # Rust leaves out the white space that follows a line's end after a backslash; C keeps it.
    if (skipping) {
        sub(/^[ \t]+/, "", rest)
        if (rest == "") return
        skipping = 0
    }
    if (match(rest, /^[^"\\]+/)) add_plain(take(RLENGTH))
    else if (match(rest, /^"/)) { take(1); finish() }
    else if (rest == "\\") { rest = ""; skipping = 1 }
    else if (match(rest, /^\\u[{][0-9A-Fa-f_]+[}]/)) {
        escape = take(RLENGTH)
        add_utf8(hexadecimal(substr(escape, 4, length(escape) - 4)))
    } else if (match(rest, /^\\x[0-9A-Fa-f][0-9A-Fa-f]/)) {
        add_utf8(hexadecimal(substr(take(4), 3)))
    } else {
        escape = substr(take(2), 2)
        if (escape == "n") add("\n", "\\n")
        else if (escape == "t") add("\t", "\\t")
        else if (escape == "r") add("\r", "\\r")
        else if (escape == "0") add_utf8(0)
        else add_plain(escape)
    }
}

function raw_string(    at, end) {
    end = "\"" hashes
    at = index(rest, end)
    if (at == 0) { add_plain(rest); rest = ""; return }
    add_plain(take(at - 1))
    take(length(end))
    finish()
}

function finish() {
    state = "code"
    line = line "\"" held
    if (text ~ /translatable *= *["']/) interface()
    token("\"")
}

# GtkBuilder XML, which xgettext reads by rules of its own.
function interface(    blank, i) {
    messages = 1
    if (text !~ /^[ \n]*<(interface|[?]xml)/) {
        complain(begun, "GtkBuilder XML with text to translate is to be one literal, from <interface> on")
        return
    }
    blank = ""
    if (text ~ /^[ \n]*<interface/) for (i = 1; i < begun; i++) blank = blank "\n"
    printf "%s%s", blank, text > (out "." (++interfaces) ".ui")
}

function hexadecimal(digits,    i, value) {
    value = 0
    digits = tolower(digits)
    gsub(/_/, "", digits)
    for (i = 1; i <= length(digits); i++) value = value * 16 + index(hex_digits, substr(digits, i, 1)) - 1
    return value
}

function add_byte(value) {
    add(sprintf("%c", value), sprintf("\\%03o", value))
}

function add_utf8(value) {
    if (value < 128) { add_byte(value); return }
    if (value < 2048) add_byte(192 + int(value / 64))
    else {
        if (value < 65536) add_byte(224 + int(value / 4096))
        else {
            add_byte(240 + int(value / 262144))
            add_byte(128 + int(value / 4096) % 64)
        }
        add_byte(128 + int(value / 64) % 64)
    }
    add_byte(128 + value % 64)
}

# Follows the tokens of a call that marks a message: name, parenthesis, literal and, for a plural,
# comma and literal. Strings come as a quotation mark.
function token(word) {
    if (expected == "(") {
        expected = word == "(" ? "first" : ""
        if (expected != "") { messages = 1; return }
    } else if (expected == "first") {
        if (word != "\"") wrong()
        else { expected = call == "ngettext_f" ? "," : ""; return }
    } else if (expected == ",") {
        if (word != ",") wrong()
        else { expected = "second"; return }
    } else if (expected == "second") {
        if (word != "\"") wrong()
        expected = ""
    }
    if (word == "gettext" || word == "gettext_f" || word == "ngettext_f") {
        call = word
        if (previous != "fn") expected = "("
    }
    previous = word
}

function wrong() {
    complain(NR, call " needs its message as a string literal here, or nobody can translate it")
    expected = ""
}
