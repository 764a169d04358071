using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;

namespace MobileVlm.Edge.Inference.Tests.Sessions;

/// <summary>Small shared libraries that pretend to be other versions and kinds of what the engine loads, compiled once for
/// all tests of a run.</summary>
internal static class NativeBuild
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Built = new();
    private static readonly string Root = Directory.CreateTempSubdirectory("mobilevlm-native-").FullName;

    static NativeBuild() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Root, recursive: true);

    /// <summary>A library that every process has loaded and that is nothing of ONNX Runtime's.</summary>
    public static string SomeLibrary => Loaded("/libc.so.6");

    /// <summary>The ONNX Runtime that tests run with.</summary>
    public static string OwnRuntime => Loaded("/libonnxruntime.so");

    /// <returns>Path of a library that offers so many GPUs and computes nothing on them.</returns>
    public static string Provider(int gpus) => Compile("provider.c", [$"GPUS={gpus}"]);

    /// <returns>Path of a provider library for another version of ONNX Runtime.</returns>
    public static string ProviderOfAnotherVersion() => Compile("provider.c", ["GPUS=1", "VERSION=99"]);

    /// <returns>Path of a library that needs another one, which is nowhere.</returns>
    public static string NeedsAnother()
    {
        var needed = Compile("runtime.c", ["NEEDED=1"]);
        var library = Compile("runtime.c", ["NEEDING=1"], "-Wl,--no-as-needed", needed);
        File.Delete(needed);
        return library;
    }

    /// <returns>Path of an ONNX Runtime of an older version.</returns>
    public static string OlderRuntime() => Compile("runtime.c", []);

    private static string Compile(string source, string[] defines, params string[] link) => Built.GetOrAdd(
        $"{source} {string.Join(' ', defines)}",
        key => new Lazy<string>(() =>
        {
            var library = Path.Combine(Root, $"lib{Path.GetFileNameWithoutExtension(source)}{string.Concat(defines).Replace('=', '-')}.so");
            var headers = typeof(NativeBuild).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "OnnxRuntimeHeaders").Value!;
            string[] arguments =
                ["-shared", "-fPIC", $"-I{headers}", .. defines.Select(d => $"-D{d}"), Path.Combine(AppContext.BaseDirectory, "Sessions", "Native", source), .. link, "-o", library];
            using var compiler = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardError = true })!;
            var errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, errors);
            return library;
        })).Value;

    private static string Loaded(string end)
    {
        // Loads it where nothing did so yet.
        _ = Inference.Sessions.OnnxRuntimeLibrary.LoadedVersion;
        return File.ReadLines("/proc/self/maps").Select(line => line[(line.IndexOf('/', StringComparison.Ordinal) is var at and >= 0 ? at : line.Length)..])
            .First(path => path.EndsWith(end, StringComparison.Ordinal));
    }
}
