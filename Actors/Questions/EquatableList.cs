using System.Collections;
using System.Runtime.CompilerServices;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>A list that never changes and equals another one of the same items, so that a record which holds it can be
/// compared: what a new configuration left as it was is not disturbed.</summary>
[CollectionBuilder(typeof(EquatableList), nameof(EquatableList.Of))]
public sealed class EquatableList<T>(ReadOnlySpan<T> items) : IReadOnlyList<T>, IEquatable<EquatableList<T>>
{
    private readonly T[] _items = items.ToArray();

    public int Count => _items.Length;

    public T this[int index] => _items[index];

    public bool Equals(EquatableList<T>? other) => other is not null && _items.SequenceEqual(other._items);

    public override bool Equals(object? obj) => Equals(obj as EquatableList<T>);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", _items)}]";
}

/// <summary>Lets a list be written as <c>[a, b]</c>.</summary>
public static class EquatableList
{
    public static EquatableList<T> Of<T>(ReadOnlySpan<T> items) => new(items);
}
