using CsCheck;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.Inference.Tests.Decoding;

/// <summary>Any order of opening, appending, dropping and rewinding, against a list of columns that each know their
/// sequence.</summary>
public sealed class SequenceTreeModelTests
{
    private const int Capacity = 40;

    [Fact]
    public void Positions_and_masks_are_those_of_the_sequence_and_its_ancestors() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1000], Gen.Int[1, 4]).Array[1, 40].Sample(
            steps =>
            {
                var (tree, model) = (new SequenceTree(Capacity), new Model());
                foreach (var (kind, choice, count) in steps)
                {
                    switch (kind)
                    {
                        case 0 or 1:
                            var parent = choice % model.Count;
                            Assert.Equal(model.Open(parent), tree.Fork(parent));
                            break;
                        case 2 when model.Droppable(choice % model.Count) is var own and > 0:
                            tree.Drop(choice % model.Count, Math.Min(own, count));
                            model.Drop(choice % model.Count, Math.Min(own, count));
                            break;
                        case 3:
                            var length = choice % (model.NextPosition(SequenceTree.Prefix) + 1);
                            tree.Rewind(length);
                            model.Rewind(length);
                            break;
                        default:
                            Append(tree, model, choice % model.Count, count);
                            break;
                    }

                    Assert.Equal(model.Columns, tree.Columns);
                    Assert.Equal(model.Count == 1, tree.HasOnlyPrefix);
                }
            },
            iter: 5000);

    private static void Append(SequenceTree tree, Model model, int sequence, int count)
    {
        if (model.HasStartedChild(sequence) || model.Columns + count > Capacity)
        {
            return;
        }

        var positions = new long[count];
        var bias = new float[count * Capacity];
        tree.Append(sequence, positions, bias);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(model.NextPosition(sequence), positions[i]);
            var visible = model.Append(sequence);
            for (var column = 0; column < Capacity; column++)
            {
                var isMasked = model.Count > 1 && column < visible.Length && !visible[column];
                Assert.Equal(isMasked ? SequenceTree.Masked : 0, bias[(i * Capacity) + column]);
            }
        }
    }

    /// <summary>The obvious way to keep the same facts.</summary>
    private sealed class Model
    {
        private readonly List<int?> _columns = [];
        private readonly List<int> _parents = [-1];

        /// <summary>Sequences that had tokens, even if all of them were dropped.</summary>
        private readonly HashSet<int> _started = [];

        public int Count => _parents.Count;

        public int Columns => _columns.Count;

        public int Open(int parent)
        {
            _parents.Add(parent);
            return _parents.Count - 1;
        }

        public int NextPosition(int sequence) => _columns.Count(owner => owner is { } of && IsSelfOrAncestor(of, sequence));

        public bool HasStartedChild(int sequence) => _started.Any(other => other != sequence && IsSelfOrAncestor(sequence, other));

        /// <summary>Tokens that may be dropped: none while another sequence continues this one.</summary>
        public int Droppable(int sequence) => HasStartedChild(sequence) ? 0 : _columns.Count(owner => owner == sequence);

        /// <returns>Which columns the new token sees.</returns>
        public bool[] Append(int sequence)
        {
            _columns.Add(sequence);
            _started.Add(sequence);
            return [.. _columns.Select(owner => owner is { } of && IsSelfOrAncestor(of, sequence))];
        }

        public void Drop(int sequence, int count)
        {
            for (; count > 0; count--)
            {
                _columns[_columns.LastIndexOf(sequence)] = null;
            }

            while (_columns is [.., null])
            {
                _columns.RemoveAt(_columns.Count - 1);
            }
        }

        public void Rewind(int length)
        {
            _columns.RemoveRange(length, _columns.Count - length);
            _parents.RemoveRange(1, _parents.Count - 1);
            _started.Clear();
        }

        private bool IsSelfOrAncestor(int ancestor, int sequence)
        {
            while (sequence != ancestor && sequence >= 0)
            {
                sequence = _parents[sequence];
            }

            return sequence == ancestor;
        }
    }
}
