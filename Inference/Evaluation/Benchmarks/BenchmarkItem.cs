namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>One question of a benchmark.</summary>
/// <param name="Id">Unique within the benchmark.</param>
/// <param name="Question">All text of the user's turn: the question, its options, and the instruction on its own line.</param>
/// <param name="Picture">Null for a question that is asked without one.</param>
/// <param name="Truth">The right answer; several where several are accepted.</param>
public abstract record BenchmarkItem(string Id, string Question, BenchmarkPicture? Picture, IReadOnlyList<string> Truth)
{
    /// <summary>Whether the data's own id is a number.</summary>
    public bool HasNumericId { get; init; }

    /// <summary>Items of the same group are sampled together, because they are scored together.</summary>
    public virtual string Group => Id;
}

/// <summary>An item with the model's answer.</summary>
/// <param name="Item">The item.</param>
/// <param name="Text">The answer.</param>
/// <param name="Right">0 (wrong) to 1 (right).</param>
public sealed record AnsweredItem(BenchmarkItem Item, string Text, double Right);

/// <summary>An item of one benchmark with the model's answer.</summary>
public sealed record AnsweredItem<TItem>(TItem Item, string Text, double Right)
    where TItem : BenchmarkItem;

/// <summary>What a benchmark's folder holds.</summary>
/// <param name="Items">In the order of the files.</param>
/// <param name="Notes">What a reader of the results should know, for example which variant of a file was found.</param>
public sealed record BenchmarkData(IReadOnlyList<BenchmarkItem> Items, IReadOnlyList<string> Notes);

/// <summary>Choices of the user about a benchmark's data.</summary>
/// <param name="WithoutWords">Asks without the words that a text recogniser found in the picture (TextVQA).</param>
public sealed record BenchmarkOptions(bool WithoutWords = false);
