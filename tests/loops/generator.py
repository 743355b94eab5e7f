"""Random models that have loops of every kind, as text, and the numbers that they are tried on.

A model is made of *sections*, loops most of them; what one section set the next ones may read. What
can be read at one point is kept in a `Place`. All integers have one number of values.
"""

import dataclasses
from collections.abc import Sequence

from hypothesis import strategies as st

PIXELS = 3
MAX_DEPTH = 2
# What loops may have.
KINDS = (
    "lag 1",
    "lag 2",
    "lag 3",
    "several arrays",
    "grids",
    "negative stride",
    "consecutive loops",
    "another loop's rounds by step",
    "nested loops",
    "loops under if",
    "loops under with",
    "loops inside a call",
    "another first round",
    "another last round",
    "alternating rounds",
    "locals of a branch",
    "Inputs by step",
    "Params by step",
    "clamped Params",
    "constants by step",
    "observations",
    "labels are given",
    "networks of integers",
    "networks of an image and an integer",
    "networks of an image that stays",
    "networks of an image at a bound value",
    "networks of images by step",
)

Lines = list[str]


@dataclasses.dataclass(frozen=True)
class Model:
    """A generated model.

    Attributes:
      text: its text.
      kinds: what its loops have, of `KINDS`.
      labels: the networks whose results are to be given.
    """

    text: str
    kinds: frozenset[str]
    labels: frozenset[str]

    def __repr__(self) -> str:
        return f"{sorted(self.kinds)} {sorted(self.labels)}\n{self.text}"


@dataclasses.dataclass(frozen=True)
class Place:
    """What holds at one point of a model.

    Attributes:
      scalars: what can be read.
      arrays: arrays that can be read, with their sizes.
      counters: the names of the loops around, with their numbers of rounds.
      values: names of values that a `with` binds.
      depth: how many statements are around.
    """

    scalars: tuple[str, ...] = ()
    arrays: tuple[tuple[str, int], ...] = ()
    counters: tuple[tuple[str, int], ...] = ()
    values: tuple[str, ...] = ()
    depth: int = 0

    def reading(self, *scalars: str) -> "Place":
        """With more that can be read."""
        return dataclasses.replace(self, scalars=self.scalars + scalars)

    def having(self, name: str, size: int) -> "Place":
        """With one more array."""
        return dataclasses.replace(self, arrays=(*self.arrays, (name, size)))

    def inside(self, counters: Sequence[tuple[str, int]] = (), value: str = "") -> "Place":
        """One statement deeper."""
        return dataclasses.replace(
            self,
            counters=(*self.counters, *counters),
            values=(*self.values, value) if value else self.values,
            depth=self.depth + 1,
        )


@st.composite
def models(draw: st.DrawFn, networks: bool = True) -> Model:
    """A well-typed model with loops.

    Args:
      draw: from hypothesis.
      networks: whether there are networks.
    """
    return _Writer(draw, networks).model()


def indented(lines: Lines) -> Lines:
    """The lines, one block deeper."""
    return [f"    {line}" for line in lines]


class _Writer:
    def __init__(self, draw: st.DrawFn, networks: bool):
        self._draw, self._networks = draw, networks
        self._declared: Lines = []
        self._functions: Lines = []
        self._clamps: Lines = []
        self._kinds: set[str] = set()
        self._made: dict[str, str] = {}
        self._images: dict[str, str] = {}
        self._count = 0
        self._domain = self._number(2, 3)
        self._room = self._number(2, 6)

    # Choices.

    def _number(self, least: int, most: int) -> int:
        return self._draw(st.integers(least, most))

    def _one(self, items: Sequence):
        return items[self._number(0, len(items) - 1)]

    def _chance(self, percent: int) -> bool:
        return self._number(0, 99) >= 100 - percent

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _declare(self, stem: str, kind: str, dims: Sequence[int] = ()) -> str:
        name = self._name(stem)
        where = f"[{', '.join(map(str, dims))}]" if dims else ""
        self._declared.append(f"{name} = {kind}{where}")
        return name

    def _var(self, stem: str, place: Place, dims: Sequence[int] = ()) -> tuple[str, str]:
        """A new variable with an element for each round around: its name, how it is indexed."""
        sizes = [rounds for _, rounds in place.counters]
        name = self._declare(stem, f"Var({self._domain})", (*sizes, *dims))
        return name, "".join(f"{counter}, " for counter, _ in place.counters)

    # The model.

    def model(self) -> Model:
        place = Place().reading(self._declare("s", f"Input({self._domain})"))
        size = self._number(3, 7)
        place = place.having(self._declare("a", f"Input({self._domain})", [size]), size)
        place = place.reading(self._declare("p", f"Param({self._domain})"))
        lines: Lines = []
        for _ in range(self._number(1, 3)):
            more, place = self._section(place)
            lines += more
        y = self._declare("y", f"Output({self._domain})")
        z = self._declare("z", f"Output({self._domain})", [2])
        lines += [f"{y}.set_to({place.scalars[-1]})"]
        lines += [f"{z}[{k}].set_to({self._value(place)})" for k in range(2)]
        if self._chance(20):
            seen = [one for one in place.scalars if one[0] in "xu"]
            if seen:
                self._kinds.add("observations")
                value = self._number(0, self._domain - 1)
                lines.append(f"{self._one(seen)}.observe_value({value})")
        labels = [net for net in self._images if self._chance(40)]
        if labels:
            self._kinds.add("labels are given")
        text = [*self._declared, *self._functions, *self._clamps, *lines, ""]
        return Model("\n".join(text), frozenset(self._kinds), frozenset(labels))

    def _section(self, place: Place) -> tuple[Lines, Place]:
        form = self._number(0, 9)
        if form <= 5:
            return self._loop(place)
        lines, target = [], self._var("u", place)[0]
        if form <= 7:
            lines = self._around_if(place, target)
        elif form == 8:
            lines = self._around_with(place, target)
        else:
            lines = self._around_call(place, target)
        return lines, place.reading(target)

    def _ending(self, place: Place, target: str) -> Lines:
        """A loop whose last value is the target's."""
        lines, after = self._loop(place)
        return [*lines, f"{target}.set_to({after.scalars[-1]})"]

    def _around_if(self, place: Place, target: str) -> Lines:
        self._kinds.add("loops under if")
        subject, inner = self._subject(place), place.inside()
        one = self._ending(inner, target)
        other = self._ending(inner, target) if self._chance(30) else self._setting(inner, target)
        return self._chained(f"{subject} == 0", one, other)

    def _around_with(self, place: Place, target: str) -> Lines:
        self._kinds.add("loops under with")
        value = self._name("v")
        body = self._ending(place.inside(value=value), target)
        return [f"with {self._subject(place)} as {value}:", *indented(body)]

    def _around_call(self, place: Place, target: str) -> Lines:
        """A call of a function that has a loop, and its declaration."""
        self._kinds.add("loops inside a call")
        function, argument, result = self._name("h"), self._name("b"), self._name("r")
        self._room -= 1
        mark = len(self._declared)
        inner = Place((argument,), depth=place.depth + 1)
        body = self._ending(inner, result)
        own, self._declared[mark:] = self._declared[mark:], []
        # What must be declared outside is; the variables are the function's own.
        self._declared += [line for line in own if " = Var" not in line]
        variables = [line for line in own if " = Var" in line]
        self._functions += ["@Inline()", f"def {function}({argument}, {result}):"]
        self._functions += indented([*variables, *body])
        if self._chance(30):
            second = self._var("u", place)[0]
            call = [f"{function}({self._one(place.scalars)}, {second})"]
            return [*call, f"{function}({second}, {target})"]
        return [f"{function}({self._one(place.scalars)}, {target})"]

    # Loops.

    def _loop(self, place: Place) -> tuple[Lines, Place]:
        """A loop that passes something on, and what can be read after it."""
        self._room -= 1
        if any(array[0] in "xw" for array, _ in place.arrays):
            self._kinds.add("consecutive loops")
        if place.counters:
            self._kinds.add("nested loops")
        rounds = self._number(4, 6) if self._chance(75) else self._number(7, 9)
        if place.counters:
            rounds = self._number(2, 5)
        lag = self._number(1, 3) if self._chance(50) else 1
        self._kinds.add(f"lag {lag}")
        counter = self._name("t")
        back = self._chance(25)
        if back:
            self._kinds.add("negative stride")
        width = self._domain if self._chance(30) else 0
        if width:
            self._kinds.add("grids")
        size = rounds + lag
        states = [
            self._var("x", place, [size, width] if width else [size])
            for _ in range(self._number(1, 2))
        ]
        if len(states) > 1:
            self._kinds.add("several arrays")

        def at(state: tuple[str, str], offset: int | str, rest: str = "") -> str:
            """An element, counted from the first in the order of the rounds."""
            name, prefix = state
            where = f"{size - 1} - {offset}" if back else f"{offset}"
            return f"{name}[{prefix}{where}{rest}]"

        cells = [f", {k}" for k in range(width)] if width else [""]
        lines = [
            f"{at(state, k, cell)}.set_to({self._value(place)})"
            for state in states
            for k in range(lag)
            for cell in cells
        ]
        inner = place.inside([(counter, rounds)])
        reads = [
            at(state, f"({counter} + {k})" if back else f"{counter} + {k}", cell)
            for state in states
            for k in range(lag)
            for cell in cells
        ]
        inner = inner.reading(*reads, *reads)
        if width:
            where = at(("", ""), f"({counter})" if back else counter)[1:-1]
            inner = inner.having(f"{states[0][0]}[{states[0][1]}{where}", width)
        body, inner = self._temporary(inner) if self._chance(40) else ([], inner)
        for state in states:
            for cell in cells:
                target = at(state, f"({counter} + {lag})" if back else f"{counter} + {lag}", cell)
                body += self._setting(inner, target, counter, rounds)
                if self._chance(40):
                    inner = inner.reading(target)
        lines += [f"for {counter} in range({rounds}):", *indented(body)]
        name, prefix = states[0]
        for cell in cells:
            place = place.reading(at(states[0], self._number(0, size - 1), cell))
        if not width:
            for name, prefix in states:
                if not prefix:
                    place = place.having(name, size)
        return lines, place.reading(at(states[0], size - 1, self._one(cells)))

    def _temporary(self, place: Place) -> tuple[Lines, Place]:
        """Something that a round sets for itself."""
        name, prefix = self._var("w", place)
        target = f"{name}[{prefix[:-2]}]"
        return self._setting(place, target), place.reading(target)

    # Statements.

    def _setting(self, place: Place, target: str, counter: str = "", rounds: int = 0) -> Lines:
        """Statements that set the target."""
        if place.depth > MAX_DEPTH or self._chance(35):
            return [f"{target}.set_to({self._value(place)})"]
        form = self._number(0, 10)
        if form <= 2:
            return self._chain(place, target)
        if form <= 4:
            return self._with(place, target)
        if form == 5 and counter:
            return self._first_or_last(place, target, counter, rounds)
        if form == 6 and counter:
            self._kinds.add("alternating rounds")
            return self._either(f"{counter} % 2 == 0", place, target)
        if form == 7:
            return self._local(place, target)
        if form in (8, 10) and self._room > 0 and place.depth <= 1:
            return self._ending(place.inside(), target)
        return [f"{target}.set_to({self._value(place)})"]

    def _either(self, test: str, place: Place, target: str) -> Lines:
        inner = place.inside()
        return self._chained(test, self._setting(inner, target), self._setting(inner, target))

    def _chained(self, test: str, one: Lines, other: Lines) -> Lines:
        # An `if` alone in an `else` would be an `elif`.
        apart = ["pass"] if other[0].startswith("if ") else []
        return [f"if {test}:", *indented(one), "else:", *indented([*apart, *other])]

    def _chain(self, place: Place, target: str) -> Lines:
        return self._either(f"{self._subject(place)} == {self._number(0, 1)}", place, target)

    def _first_or_last(self, place: Place, target: str, counter: str, rounds: int) -> Lines:
        first = self._chance(60)
        self._kinds.add("another first round" if first else "another last round")
        test = f"{counter} == {0 if first else rounds - 1}"
        return self._either(test, place, target)

    def _with(self, place: Place, target: str) -> Lines:
        value = self._name("v")
        body = self._setting(place.inside(value=value), target)
        return [f"with {self._subject(place)} as {value}:", *indented(body)]

    def _local(self, place: Place, target: str) -> Lines:
        """A branch that sets something for itself alone."""
        self._kinds.add("locals of a branch")
        inner = place.inside()
        name, prefix = self._var("l", place)
        local = f"{name}[{prefix[:-2]}]" if prefix else name
        body = [f"{local}.set_to({self._value(inner)})"]
        body += self._setting(inner.reading(local, local), target)
        other = self._setting(inner, target)
        return self._chained(f"{self._subject(place)} == 0", body, other)

    # Expressions.

    def _subject(self, place: Place) -> str:
        if self._chance(40):
            return self._one(place.scalars)
        return self._param(place)

    def _param(self, place: Place) -> str:
        """A Param of one's own, sliced by a loop around or alike in all rounds."""
        kind = f"Param({self._domain})"
        if place.counters and self._chance(60):
            counter, rounds = self._one(place.counters)
            name = self._declare("i", kind, [rounds])
            self._kinds.add("Params by step")
            if self._chance(15):
                self._kinds.add("clamped Params")
                where = self._number(0, rounds - 1)
                value = self._number(0, self._domain - 1)
                self._clamps.append(f"{name}[{where}].set_to({value})")
            return f"{name}[{counter}]"
        return self._declare("q", kind)

    def _value(self, place: Place, depth: int = 2) -> str:
        form = self._number(0, 11)
        if form <= 2 or depth == 0:
            return self._one(place.scalars)
        if form == 3:
            return self._known(place)
        if form == 4:
            return self._element(place)
        if form == 5 and self._networks:
            return self._network(place)
        if form == 6:
            return self._param(place)
        arguments = [self._value(place, depth - 1) for _ in range(self._number(1, 2))]
        return f"{self._function(len(arguments))}({', '.join(arguments)})"

    def _known(self, place: Place) -> str:
        if place.values and self._chance(50):
            return self._one(place.values)
        if place.counters:
            self._kinds.add("constants by step")
            counter, _ = self._one(place.counters)
            form = self._one(
                ("{} % {}", "(2 * {} + 1) % {}", "({} * {}) % 2", "1 if {} < {} else 0")
            )
            return form.format(counter, self._domain)
        return str(self._number(0, self._domain - 1))

    def _element(self, place: Place) -> str:
        """An element of an array, by a loop's step, by a bound value or a fixed one."""
        array, size = self._one(place.arrays) if place.arrays else ("", 0)
        if not array:
            return self._one(place.scalars)
        if place.values and size >= self._domain and self._chance(50):
            index = self._one(place.values)
        elif place.counters and self._chance(75):
            counter, rounds = self._one(place.counters)
            if array[0] == "a":
                self._kinds.add("Inputs by step")
            elif array[0] in "xw":
                self._kinds.add("another loop's rounds by step")
            fitting = [f"{counter} % {size}"]
            if rounds <= size:
                fitting = [counter, f"{rounds - 1} - {counter}", f"{counter} + {size - rounds}"]
            index = self._one(fitting)
        else:
            index = str(self._number(0, size - 1))
        return f"{array}, {index}]" if "[" in array else f"{array}[{index}]"

    def _function(self, arguments: int) -> str:
        key = f"f{arguments}{self._number(0, 1)}"
        if key not in self._made:
            self._made[key] = name = self._name("f")
            sizes = ", ".join([str(self._domain)] * arguments)
            drop = ', out_of_range="drop"' if self._chance(10) else ""
            total = " + ".join(f"{self._number(1, 2)} * {one}" for one in "ab"[:arguments])
            total += f" + {self._number(0, 2)}"
            result = f"({total}) % {self._domain + bool(drop)}"
            self._functions += [f"@Runtime([{sizes}], {self._domain}{drop})"]
            self._functions += [f"def {name}({', '.join('ab'[:arguments])}):"]
            self._functions += [f"    return {result}"]
        return self._made[key]

    # Networks.

    def _network(self, place: Place) -> str:
        form = self._number(0, 5)
        if form == 0:
            self._kinds.add("networks of integers")
            net = self._learned("integers", f"[{self._domain}]", "a")
            return f"{net}({self._one(place.scalars)})"
        if form == 1:
            self._kinds.add("networks of an image and an integer")
            image = self._image("both", [])
            net = self._learned("both", f"[Vector({PIXELS}), {self._domain}]", "a, b")
            return f"{net}({image}, {self._one(place.scalars)})"
        if form == 2:
            self._kinds.add("networks of an image that stays")
            return f"{self._seeing('image', [])}({self._image('image', [])})"
        if place.values and form == 3:
            self._kinds.add("networks of an image at a bound value")
            net, images = self._seeing("by value", [self._domain]), self._image("by value", [])
            return f"{net}({images}[{self._one(place.values)}])"
        if place.counters:
            counter, rounds = self._one(place.counters)
            self._kinds.add("networks of images by step")
            if place.values and form == 4:
                key, dims = f"two {rounds}", [rounds, self._domain]
                index = f"{counter}, {self._one(place.values)}"
            else:
                key, dims, index = f"one {rounds}", [rounds], counter
            return f"{self._seeing(key, dims)}({self._image(key, dims)}[{index}])"
        return self._one(place.scalars)

    def _image(self, key: str, dims: Sequence[int]) -> str:
        key = f"image {key}"
        if key not in self._made:
            self._made[key] = self._declare("e", f"InputTensor({PIXELS})", dims)
        return self._made[key]

    def _seeing(self, key: str, dims: Sequence[int]) -> str:
        """A network of images alone, which has one InputTensor."""
        self._image(key, dims)
        net = self._learned(key, f"[Vector({PIXELS})]", "a")
        self._images[net] = key
        return net

    def _learned(self, key: str, domains: str, names: str) -> str:
        key = f"network {key}"
        if key not in self._made:
            self._made[key] = name = self._name("n")
            sizes = "hid_sizes=[2]"
            self._functions += [f"@Learn({domains}, {self._domain}, {sizes})"]
            self._functions += [f"def {name}({names}):", "    pass"]
        return self._made[key]
