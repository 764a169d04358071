using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>A published benchmark: how its data is read, its questions are asked, and its answers are scored.</summary>
public abstract class Benchmark
{
    /// <summary>The instruction of the benchmarks with short answers.</summary>
    internal const string ShortAnswer = "Answer the question using a single word or phrase.";

    /// <summary>The instruction of the benchmarks with options.</summary>
    internal const string OptionLetter = "Answer with the option's letter from the given choices directly.";

    private protected Benchmark()
    {
    }

    /// <summary>All benchmarks, in the order of the published tables.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new PopeBenchmark(), new GqaBenchmark(), new TextVqaBenchmark(), new ScienceQaBenchmark(), new MmBenchBenchmark(), new MmeBenchmark(),
    ];

    /// <summary>As on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it measures and of how many questions it consists.</summary>
    public abstract string Title { get; }

    /// <summary>Largest number of tokens of an answer in the published evaluation.</summary>
    public abstract int DefaultMaxTokens { get; }

    /// <summary>How a picture becomes a square in the published evaluation.</summary>
    public virtual PictureFit PictureFit => PictureFit.Pad;

    /// <summary>Name of the score that is published for models.</summary>
    public abstract string PublishedScore { get; }

    /// <summary>How the interval of <see cref="PublishedScore"/> is computed.</summary>
    public abstract string IntervalMethod { get; }

    /// <summary>Where the data comes from and how its folder must look.</summary>
    public abstract BenchmarkSource Source { get; }

    /// <summary>Whether the truth is yes or no, so that the answer can be read from the logits too.</summary>
    public virtual bool IsYesNo => false;

    /// <summary>Whether questions come with the words that a text recogniser found in the picture, which
    /// <see cref="BenchmarkOptions.WithoutWords"/> leaves out.</summary>
    public virtual bool HasRecognisedWords => false;

    /// <summary>Reads the folder's question files; the pictures are read when they are needed.</summary>
    /// <exception cref="BenchmarkDataException">A file is missing or is not as it should be.</exception>
    public BenchmarkData Read(string folder, BenchmarkOptions options)
    {
        var data = ReadItems(new BenchmarkFolder(folder, Name), options);
        if (data.Items.Count == 0)
        {
            throw new BenchmarkDataException($"{folder}: its files hold no question. {BenchmarkFolder.Advice(Name)}");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        return data.Items.FirstOrDefault(item => !seen.Add(item.Id)) is { } twice
            ? throw new BenchmarkDataException($"{folder}: its files hold item '{twice.Id}' twice. {BenchmarkFolder.Advice(Name)}")
            : data;
    }

    /// <summary>Evaluates one answer: 0 (wrong) to 1 (right).</summary>
    public abstract double RightnessOf(BenchmarkItem item, string text);

    /// <summary>Scores answers to all or some of the items.</summary>
    public abstract BenchmarkScores Score(IReadOnlyList<AnsweredItem> answers);

    /// <summary>The benchmark of a name, or null.</summary>
    public static Benchmark? Find(string name) => All.FirstOrDefault(it => it.Name == name);

    private protected abstract BenchmarkData ReadItems(BenchmarkFolder folder, BenchmarkOptions options);
}

/// <summary>A benchmark whose items are of one type.</summary>
public abstract class Benchmark<TItem> : Benchmark
    where TItem : BenchmarkItem
{
    private protected Benchmark()
    {
    }

    /// <inheritdoc/>
    public sealed override double RightnessOf(BenchmarkItem item, string text) => RightnessOf((TItem)item, text);

    /// <inheritdoc/>
    public sealed override BenchmarkScores Score(IReadOnlyList<AnsweredItem> answers) =>
        Score([.. answers.Select(it => new AnsweredItem<TItem>((TItem)it.Item, it.Text, it.Right))]);

    private protected abstract double RightnessOf(TItem item, string text);

    private protected abstract BenchmarkScores Score(IReadOnlyList<AnsweredItem<TItem>> answers);
}
