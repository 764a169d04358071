using System.Text;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests.Packaging;

/// <summary>What the Debian package states that it depends on, and what its native files need.</summary>
public sealed partial class PackageDependencyTests : IDisposable
{
    private const string Script = "Deploy/packaging/dependencies.sh";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-depends-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("linux-x64")]
    [InlineData("linux-arm64")]
    public void The_highest_version_of_the_c_library_that_any_native_file_names_is_required(string runtime)
    {
        var natives = Directory.CreateDirectory(Path.Combine(_folder, "natives")).FullName;
        // Packages have no OpenCV.
        foreach (var file in Directory.GetFiles(Natives(runtime)).Where(it => !it.Contains("OpenCv", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(natives, Path.GetFileName(file)));
        }

        // Version names are plain text in a file's string table, so this reads them in another way than the script.
        var highest = Directory.GetFiles(natives, "*.so")
            .SelectMany(file => CLibraryVersion().Matches(Encoding.Latin1.GetString(File.ReadAllBytes(file))))
            .Max(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));

        var (code, output, errors) = ShellScript.Run(Script, natives);

        Assert.True(code == 0, errors);
        Assert.Contains($"libc6 (>= 2.{highest})", output.Split(", "));
        Assert.Contains("libgcc-s1", output, StringComparison.Ordinal);
        Assert.Matches(@"libstdc\+\+6 \(>= \d+", output);
    }

    [Theory]
    [InlineData("libc6 (>= 2.34), libgcc-s1, libstdc++6 (>= 12)", null)]
    [InlineData("libc6 (>= 2.31), libgcc-s1, libstdc++6 (>= 12)", "allows libc6 2.31")]
    [InlineData("libc6 (>= 2.34), libgcc-s1, libstdc++6", "allows libstdc++6 ")]
    [InlineData("libc6 (>= 2.34), libgcc-s1", "does not name libstdc++6")]
    public void A_package_that_allows_older_libraries_than_its_files_need_is_refused(string depends, string? message)
    {
        var tree = Path.Combine(_folder, "tree");
        var app = Directory.CreateDirectory(Path.Combine(tree, "usr", "lib", "mobilevlm")).FullName;
        // The database needs the newest C library, and ONNX Runtime is written in C++.
        foreach (var name in (string[])["libe_sqlite3.so", "libonnxruntime.so"])
        {
            File.Copy(Path.Combine(Natives("linux-x64"), name), Path.Combine(app, name));
        }

        Directory.CreateDirectory(Path.Combine(tree, "DEBIAN"));
        File.WriteAllText(
            Path.Combine(tree, "DEBIAN", "control"),
            $"Package: mobilevlm\nVersion: 1\nArchitecture: amd64\nMaintainer: test <test@localhost>\nDepends: {depends}\nDescription: test\n");
        var package = Path.Combine(_folder, "test.deb");
        var (built, _, problem) = ShellScript.RunTool("dpkg-deb", "-Znone", "--build", tree, package);
        Assert.True(built == 0, problem);

        var (code, _, errors) = ShellScript.Run(Script, "--check", package);

        Assert.Equal(message is null ? 0 : 1, code);
        Assert.Contains(message ?? "", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_native_files_is_an_error()
    {
        File.WriteAllText(Path.Combine(_folder, "text.so"), "not a program");
        var (code, _, errors) = ShellScript.Run(Script, _folder);
        Assert.Equal(1, code);
        Assert.Contains("no native file", errors, StringComparison.Ordinal);
    }

    private static string Natives(string runtime) => Path.Combine(AppContext.BaseDirectory, "runtimes", runtime, "native");

    [GeneratedRegex(@"GLIBC_2\.(\d+)\0")]
    private static partial Regex CLibraryVersion();
}
