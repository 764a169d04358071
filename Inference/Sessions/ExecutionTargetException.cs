namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The requested target is not available on this machine. The message names the setting, what was found and what
/// to do.</summary>
public sealed class ExecutionTargetException : Exception
{
    /// <summary>Key in the section <c>MobileVlm</c> of a configuration, and the same option on the command line.</summary>
    public const string TargetSetting = "Model:Target (--target)";

    /// <inheritdoc cref="TargetSetting"/>
    public const string ProviderLibrarySetting = "Model:ProviderLibrary (--provider-library)";

    /// <inheritdoc cref="TargetSetting"/>
    public const string RuntimeLibrarySetting = "Model:RuntimeLibrary (--runtime-library)";

    /// <param name="setting">One of those above.</param>
    /// <param name="value">Its value.</param>
    /// <param name="found">What is wrong with it.</param>
    /// <param name="remedy">What to do, as a sentence.</param>
    /// <param name="inner">The error of ONNX Runtime or the loader.</param>
    public ExecutionTargetException(string setting, string value, string found, string remedy, Exception? inner = null)
        : base($"{setting} '{value}': {found}. {remedy}", inner) => Setting = setting;

    /// <summary>The setting that has to change.</summary>
    public string Setting { get; }
}
