namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>The target that was asked for cannot be had on this box. The message names the setting, what was found and
/// what to do.</summary>
public sealed class ExecutionTargetException : Exception
{
    /// <summary>In the section <c>MobileVlm</c> of a configuration, and the option of the same meaning on the command line.</summary>
    public const string Target = "Model:Target (--target)";

    /// <inheritdoc cref="Target"/>
    public const string ProviderLibrary = "Model:ProviderLibrary (--provider-library)";

    /// <inheritdoc cref="Target"/>
    public const string RuntimeLibrary = "Model:RuntimeLibrary (--runtime-library)";

    /// <param name="setting">One of those above.</param>
    /// <param name="value">What it is.</param>
    /// <param name="found">What is wrong with it.</param>
    /// <param name="remedy">A whole sentence.</param>
    /// <param name="inner">What ONNX Runtime or the loader said.</param>
    public ExecutionTargetException(string setting, string value, string found, string remedy, Exception? inner = null)
        : base($"{setting} '{value}': {found}. {remedy}", inner) => Setting = setting;

    /// <summary>The one that has to change.</summary>
    public string Setting { get; }
}
