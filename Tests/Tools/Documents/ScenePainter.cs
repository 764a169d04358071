using SkiaSharp;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>Paints a <see cref="RenderedScene"/>. Sizes and colors were measured in the held-out pictures, which have hard edges.</summary>
internal sealed class ScenePainter(SKCanvas canvas, RenderedScene scene) : IDisposable
{
    private static readonly SKColor[] Skins = [new(240, 202, 172), new(200, 150, 112), new(116, 80, 56)];

    private readonly SKPaint _fill = new() { IsAntialias = false, Style = SKPaintStyle.Fill };
    private readonly SKPaint _line = new() { IsAntialias = false, Style = SKPaintStyle.Stroke, StrokeWidth = 1, Color = new SKColor(10, 10, 10) };

    public void Dispose()
    {
        _fill.Dispose();
        _line.Dispose();
    }

    public void Paint()
    {
        Background();
        House(scene.Shift);
        Gate(scene.Shift);
        if (scene.Fire is { } fire)
        {
            Fire(fire);
        }

        foreach (var car in scene.Cars)
        {
            Car(car);
        }

        if (scene.Package is { } package)
        {
            Rectangle(package.X, package.Y, 44, 32, Near(new SKColor(205, 160, 94)));
            Rectangle(package.X + 17.5f, package.Y, 9, 32, Near(new SKColor(236, 225, 190)));
            _line.Color = new SKColor(90, 60, 30);
            canvas.DrawRect(package.X, package.Y, 44, 32, _line);
            _line.Color = new SKColor(10, 10, 10);
        }

        if (scene.Dog is { } dog)
        {
            Dog(dog, scene.DogFacesLeft ? -1 : 1);
        }

        foreach (var person in scene.People)
        {
            Person(person);
        }
    }

    private static SKColor Named(string color) => color switch
    {
        "white" => new SKColor(235, 235, 235),
        "yellow" => new SKColor(235, 198, 40),
        "blue" => new SKColor(36, 68, 201),
        "green" => new SKColor(41, 150, 60),
        "red" => new SKColor(201, 29, 36),
        "black" => new SKColor(26, 25, 28),
        _ => throw new ArgumentOutOfRangeException(nameof(color), color, "Unknown color."),
    };

    private void Background()
    {
        var (red, green, ground) = scene.Tint;
        const int Horizon = 156;
        for (var row = 0; row < Horizon; row++)
        {
            var rise = row * 22 / Horizon;
            Rectangle(0, row, RenderedScene.Width, 1, scene.IsNight
                ? new SKColor((byte)(20 + rise), (byte)(22 + rise), (byte)(60 + rise))
                : new SKColor((byte)(red + rise), (byte)(green + rise), (byte)Math.Min(255, 235 + rise)));
        }

        Rectangle(0, Horizon, RenderedScene.Width, RenderedScene.Height - Horizon, Far(new SKColor(ground, 111, 100)));
        Rectangle(0, 200, RenderedScene.Width, 64.5f, Far(new SKColor(86, 84, 90)));
        for (var x = 0; x < RenderedScene.Width; x += 80)
        {
            Rectangle(x, 230, 41, 5, Far(new SKColor(200, 200, 194)));
        }

        if (scene.IsNight)
        {
            Ellipse(432.5f, 36.5f, 20.5f, 20.5f, new SKColor(229, 229, 202));
        }
        else
        {
            Ellipse(432.5f, 40.5f, 32.5f, 32.5f, new SKColor(249, 224, 109));
        }
    }

    private void House(float shift)
    {
        var x = 26 + shift;
        Rectangle(x, 81, 141, 88, Far(new SKColor(190, 160, 130)));
        Polygon(Far(new SKColor(140, 58, 51)), x - 12, 81, x + 70.5f, 32, x + 153, 81);
        Rectangle(x + 20, 104, 33, 29, scene.IsNight ? new SKColor(254, 230, 120) : new SKColor(90, 130, 171));
    }

    private void Gate(float shift)
    {
        var (left, right) = (276 + shift, 428 + shift);
        var (post, wood) = (Far(new SKColor(70, 49, 40)), Far(new SKColor(149, 109, 69)));
        if (!scene.IsGateOpen)
        {
            Rectangle(left + 12, 100, 141, 81, wood);
            for (var board = 0; board < 8; board++)
            {
                Rectangle(left + 23 + (board * 18), 100, 4, 81, Far(new SKColor(102, 70, 42)));
            }
        }

        Rectangle(left, 88, 13, 97, post);
        Rectangle(right, 88, 13, 97, post);
        if (scene.IsGateOpen)
        {
            Polygon(wood, left + 13, 100, left - 32, 116, left - 32, 196.5f, left + 13, 180.6f);
            Polygon(wood, right, 100, right + 45, 116, right + 45, 196.5f, right, 180.6f);
        }
    }

    private void Fire(float x)
    {
        var random = new Random(scene.SmokeSeed);
        const int Puffs = 14;
        for (var puff = 0; puff < Puffs; puff++)
        {
            var part = puff / (Puffs - 1f);
            var radius = 10 + (part * 29) + ((float)random.NextDouble() * 4);
            var grey = (byte)(92 + (part * 50));
            Ellipse(x + 14 + (part * 12) + (float)((random.NextDouble() - 0.5) * 26), 196 - (part * 170), radius, radius, new SKColor(grey, grey, grey));
        }

        Polygon(new SKColor(255, 119, 15), x - 18.5f, 208.5f, x, 164, x + 18.5f, 208.5f);
        Polygon(new SKColor(255, 221, 57), x - 8.5f, 208.5f, x, 184, x + 8.5f, 208.5f);
    }

    private void Car(SceneCar car)
    {
        var (width, height) = (car.Width, car.Width * 0.235f);
        var (left, top) = (car.Center - (width / 2), car.Bottom - height);
        float At(float share) => left + (share * width);
        var paint = Near(Named(car.Color));
        float[] roof = [At(0.184f), top, At(0.308f), top - (0.69f * height), At(0.69f), top - (0.69f * height), At(0.816f), top];
        Polygon(paint, roof);
        Outline(roof);
        _fill.Color = paint;
        canvas.DrawRoundRect(left, top, width, height, 8, 8, _fill);
        canvas.DrawRoundRect(left, top, width, height, 8, 8, _line);
        var glass = scene.IsNight ? new SKColor(108, 142, 162) : new SKColor(152, 189, 215);
        Polygon(glass, At(0.245f), top - (0.057f * height), At(0.334f), top - (0.54f * height), At(0.475f), top - (0.54f * height), At(0.475f), top - (0.057f * height));
        Polygon(glass, At(0.522f), top - (0.057f * height), At(0.522f), top - (0.54f * height), At(0.674f), top - (0.54f * height), At(0.755f), top - (0.057f * height));
        foreach (var wheel in (float[])[0.22f, 0.778f])
        {
            Ellipse(At(wheel), car.Bottom - 1, 16, 15.5f, new SKColor(20, 20, 20));
            Ellipse(At(wheel), car.Bottom - 1, 6.6f, 6.6f, new SKColor(142, 142, 142));
        }

        Ellipse(car.FacesLeft ? left : left + width, top + (0.287f * height), 8.5f, 6.6f, new SKColor(255, 244, 184));
    }

    private void Dog(SKPoint at, int side)
    {
        float X(float offset) => at.X + (side * offset);
        var coat = Near(new SKColor(124, 74, 34));
        Ellipse(at.X, at.Y - 7, 29, 11.5f, coat);
        Ellipse(X(22), at.Y - 21, 15.5f, 15.5f, coat);
        Polygon(Near(new SKColor(90, 50, 22)), X(10), at.Y - 46, X(27), at.Y - 34, X(18), at.Y - 29);
        foreach (var leg in (float[])[-21, -9, 9, 21])
        {
            Rectangle(at.X + leg - 3.4f, at.Y - 2, 6.8f, 19, coat);
        }

        Stroke(coat, 5.3f, X(-24), at.Y - 10, X(-41), at.Y - 28);
    }

    private void Person(ScenePerson person)
    {
        var (x, height) = (person.Center, person.Height);
        var top = person.Feet - height;
        float Y(float share) => top + (share * height);
        var (shirt, trousers) = (Near(Named(person.Shirt)), Near(new SKColor(40, 46, 72)));
        foreach (var side in (int[])[-1, 1])
        {
            Stroke(trousers, 0.072f * height, x + (side * 0.058f * height), Y(0.66f), x + (side * person.Stride * height), Y(1));
        }

        var body = SKRect.Create(x - (0.14f * height), Y(0.25f), 0.28f * height, 0.425f * height);
        _fill.Color = shirt;
        canvas.DrawRoundRect(body, 0.06f * height, 0.06f * height, _fill);
        canvas.DrawRoundRect(body, 0.06f * height, 0.06f * height, _line);
        foreach (var side in (int[])[-1, 1])
        {
            Stroke(shirt, 0.06f * height, x + (side * 0.165f * height), Y(0.29f), x + (side * (0.165f + person.Swing) * height), Y(0.61f));
        }

        Ellipse(x, Y(0.12f), 0.113f * height, 0.12f * height, Near(Skins[person.Skin]));
        canvas.DrawOval(x, Y(0.12f), 0.113f * height, 0.12f * height, _line);
    }

    /// <summary>A colour of the background, darker at night.</summary>
    private SKColor Far(SKColor color) => scene.IsNight ? Darker(color, 0.54f) : color;

    private SKColor Near(SKColor color) => scene.IsNight ? Darker(color, 0.75f) : color;

    private static SKColor Darker(SKColor color, float factor) =>
        new((byte)(color.Red * factor), (byte)(color.Green * factor), (byte)(color.Blue * factor));

    private void Rectangle(float x, float y, float width, float height, SKColor color)
    {
        _fill.Color = color;
        canvas.DrawRect(x, y, width, height, _fill);
    }

    private void Ellipse(float x, float y, float width, float height, SKColor color)
    {
        _fill.Color = color;
        canvas.DrawOval(x, y, width, height, _fill);
    }

    private void Stroke(SKColor color, float width, float fromX, float fromY, float toX, float toY)
    {
        using var paint = new SKPaint { Color = color, StrokeWidth = width, IsAntialias = false, Style = SKPaintStyle.Stroke };
        canvas.DrawLine(fromX, fromY, toX, toY, paint);
    }

    private void Polygon(SKColor color, params float[] points)
    {
        _fill.Color = color;
        using var path = Path(points);
        canvas.DrawPath(path, _fill);
    }

    private void Outline(float[] points)
    {
        using var path = Path(points);
        canvas.DrawPath(path, _line);
    }

    private static SKPath Path(float[] points)
    {
        var path = new SKPath();
        path.AddPoly([.. points.Chunk(2).Select(point => new SKPoint(point[0], point[1]))], close: true);
        return path;
    }
}
