namespace MobileVlm.Edge.Connectors.Http.Completions;

/// <summary>What happens to background requests of chat pages, whose text begins with <c>### Task:</c>: titles, tags,
/// follow-up questions.</summary>
public enum ChatTaskMode
{
    /// <summary>The model answers in a few tokens.</summary>
#pragma warning disable CA1720 // The word in the configuration, not a type.
    Short,
#pragma warning restore CA1720

    /// <summary><c>{}</c> at once, without the model.</summary>
    Empty,
}
