namespace MobileVlm.Edge.Inference.Models;

/// <summary>How a model is asked yes/no and choice questions unless a question says otherwise.</summary>
/// <param name="Suffix">Stands on its own line after the question; empty for none.</param>
/// <param name="MinMass">Below this probability mass on the accepted words, 0..1, the answer is not taken for one of them; 0
/// accepts every answer.</param>
public sealed record ScoringDefaults(string Suffix, double MinMass)
{
    /// <summary>The instruction with which the published models were trained to give short answers, and with which their benchmarks
    /// are run (LLaVA 1.5, arXiv 2310.03744, section 3.2; MobileVLM's evaluation scripts).</summary>
    public const string PublishedSuffix = "Answer the question using a single word or phrase.";

    /// <summary>The mass that a new import writes down. A model that answers with one of the words puts nearly all of its probability
    /// there, one that begins a sentence nearly none, so the value between matters little.</summary>
    public const double UsualMinMass = 0.2;

    /// <summary>The instruction for a model of these sizes: the published one for published models and their fine-tunes, else none.</summary>
    internal static string SuffixOf(LanguageConfig language) => PublishedDecoders.Include(language) ? PublishedSuffix : "";

    /// <summary>Nothing is added and every answer is accepted: folders that were imported before there were defaults.</summary>
    public static ScoringDefaults None { get; } = new("", 0);
}
